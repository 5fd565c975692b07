"""One version and one list of requirements: project file, recipe, citation, container, pages."""

import hashlib
import importlib.util
import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.version import Version

import betenet

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
EXTRAS = PROJECT["project"]["optional-dependencies"]
RECIPE = (ROOT / "packaging" / "conda" / "recipe.yaml").read_text("utf-8")
CONTAINER = (ROOT / "Containerfile").read_text("utf-8")
README = (ROOT / "README.md").read_text("utf-8")
CONSTRAINTS = (ROOT / "constraints" / "cpu.txt").read_text("utf-8")
WITHOUT_A_USER = {"all", "dev", "docs"}  # collections, and tools of developers

ON_CONDA_FORGE = {
    "dask": "distributed",  # which needs dask; `dask` itself brings much else
    "matplotlib": "matplotlib-base",  # without a window system
    "torch": "pytorch",
    "vesin": "python-vesin",
}
"""Packages that have another name on conda-forge."""


def text_of(name: str) -> str:
    return (ROOT / name).read_text("utf-8")


def conda_line(requirement: str) -> tuple[str, set[str]]:
    """Name on conda-forge and the versions asked for."""
    found = Requirement(requirement)
    return ON_CONDA_FORGE.get(found.name, found.name), {str(one) for one in found.specifier}


def recipe_lines(key: str) -> dict[str, set[str]]:
    lines = yaml.safe_load(RECIPE)["requirements"][key]
    split = (line.partition(" ") for line in lines)
    return {name: set(versions.split(",")) for name, _, versions in split}


def pinned() -> dict[str, str]:
    lines = [line for line in CONSTRAINTS.splitlines() if "==" in line and line[0] != "#"]
    return {
        name.replace("_", "-").lower(): version for name, version in (x.split("==") for x in lines)
    }


# ---------------------------------------------------------------------------------------- version


@pytest.mark.parametrize(
    ("file", "pattern"),
    [
        ("CITATION.cff", r"^version: (\S+)$"),
        ("packaging/conda/recipe.yaml", r'^  version: "(\S+)"$'),
        ("Containerfile", r'image\.version="(\S+)"'),
        ("CHANGELOG.md", r"^## (\S+)"),
    ],
)
def test_the_version_is_that_of_the_package(file, pattern):
    assert re.findall(pattern, text_of(file), re.MULTILINE)[0] == betenet.__version__


def test_a_version_is_written_as_an_index_orders_it():
    assert str(Version(betenet.__version__)) == betenet.__version__


def test_the_oldest_python_is_the_same_everywhere():
    oldest = PROJECT["project"]["requires-python"].removeprefix(">=")
    assert yaml.safe_load(RECIPE)["context"]["python_min"] == oldest
    assert PROJECT["tool"]["ruff"]["target-version"] == f"py{oldest.replace('.', '')}"
    assert PROJECT["tool"]["pyright"]["pythonVersion"] == oldest
    assert f"Programming Language :: Python :: {oldest}" in PROJECT["project"]["classifiers"]
    assert f"Python {oldest} or newer" in README
    assert {*re.findall(r"^FROM \S*python:([\d.]+)", CONTAINER, re.MULTILINE)} == {oldest}
    assert f"(Python {oldest}," in CONSTRAINTS


# ----------------------------------------------------------------------------------- requirements


def test_the_recipe_needs_what_the_project_needs():
    expected = dict(map(conda_line, PROJECT["project"]["dependencies"]))
    found = recipe_lines("run")
    assert found.pop("python") == {">=${{ python_min }}"}
    assert found == expected


def test_the_recipe_bounds_what_is_in_the_extras():
    lines = [one for extra in EXTRAS.keys() - WITHOUT_A_USER for one in EXTRAS[extra]]
    assert recipe_lines("run_constraints") == dict(map(conda_line, lines))


def test_the_recipe_builds_with_what_the_project_builds_with():
    expected = dict(map(conda_line, PROJECT["build-system"]["requires"]))
    assert expected.items() <= recipe_lines("host").items()


def test_the_recipe_has_the_program_of_the_project():
    stated = yaml.safe_load(RECIPE)["build"]["python"]["entry_points"]
    programs = PROJECT["project"]["scripts"]
    assert stated == [f"{name} = {place}" for name, place in programs.items()]


def test_all_is_every_extra_that_needs_neither_key_nor_compiler():
    (line,) = EXTRAS["all"]
    assert Requirement(line).name == "betenet"
    left_out = WITHOUT_A_USER | {"materials-project", "electrons"}
    assert Requirement(line).extras == EXTRAS.keys() - left_out


def test_what_is_pinned_is_within_the_ranges():
    everything = [*PROJECT["project"]["dependencies"], *(x for one in EXTRAS.values() for x in one)]
    versions = pinned()
    for requirement in map(Requirement, everything):
        if requirement.name not in {"betenet", "mp-api", "optimade"}:  # these float
            assert requirement.specifier.contains(versions[requirement.name]), requirement


@pytest.mark.parametrize("text", [CONTAINER, README], ids=["Containerfile", "README"])
def test_the_torch_of_a_cpu_is_the_pinned_one(text):
    assert {*re.findall(r"'torch==([\d.]+)\+cpu'", text)} == {pinned()["torch"]}


# -------------------------------------------------------------------------------------- container


def test_the_container_copies_only_what_it_is_given():
    ignored = text_of(".containerignore").splitlines()
    given = {line[1:].rstrip("/") for line in ignored if line.startswith("!")}
    lines = re.findall(r"^COPY (?!--from)(.+)$", CONTAINER, re.MULTILINE)
    copied = {name.rstrip("/") for line in lines for name in line.split()[:-1]}
    assert copied == given
    assert all((ROOT / name).exists() for name in copied)


def test_the_container_has_what_the_build_reads():
    project = PROJECT["project"]
    read = {project["readme"], *project["license-files"], "pyproject.toml"}
    assert all(name in CONTAINER for name in read)


# ---------------------------------------------------------------------------------------- release


def released(recipe: str, sdist: Path) -> str:
    place = ROOT / "packaging" / "conda" / "released.py"
    spec = importlib.util.spec_from_file_location("released", place)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.released(recipe, sdist)


def test_the_recipe_of_a_release_has_the_address_and_checksum_of_its_sdist(tmp_path):
    sdist = tmp_path / f"betenet-{betenet.__version__}.tar.gz"
    sdist.write_bytes(b"an archive")
    found, clone = yaml.safe_load(released(RECIPE, sdist)), yaml.safe_load(RECIPE)
    source = found.pop("source")
    assert clone.pop("source") == {"path": "../.."}
    assert found == clone
    assert source["sha256"] == hashlib.sha256(b"an archive").hexdigest()
    address = source["url"].replace("${{ version }}", betenet.__version__)
    assert address == f"https://pypi.org/packages/source/b/betenet/{sdist.name}"


def test_an_sdist_of_another_version_is_refused(tmp_path):
    with pytest.raises(ValueError, match="not of the version"):
        released(RECIPE, tmp_path / "betenet-99.0.tar.gz")


def test_the_sdist_has_all_that_is_tracked():
    git = shutil.which("git")
    if git is None or not (ROOT / ".git").exists():
        pytest.skip("not a clone")
    listed = subprocess.run([git, "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True)
    included = PROJECT["tool"]["hatch"]["build"]["targets"]["sdist"]["include"]
    tops = {line.split("/")[0] for line in listed.stdout.splitlines()}
    of_itself = {"pyproject.toml", "README.md", "LICENSE", ".gitignore"}
    assert tops - {name.lstrip("/") for name in included} == of_itself


def test_the_wheel_has_every_file_of_the_package():
    wheel = PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]
    assert wheel == {"packages": ["src/betenet"]}  # no list that a new model could be missing from


# ------------------------------------------------------------------------------------ the Makefile


def test_a_step_says_what_it_does_and_how_it_ended():
    step = ROOT / ".ci" / "step"
    good = subprocess.run(
        [step, "A thing", "echo", "x y"], capture_output=True, text=True, check=True
    )
    assert re.fullmatch(r"==> A thing \.\.\.\nx y\n    done in \d+ s\n", good.stdout)
    bad = subprocess.run([step, "A thing", "false"], capture_output=True, text=True, check=False)
    assert bad.returncode == 1
    assert "FAILED after" in bad.stderr


def test_a_quiet_step_shows_what_its_command_said_only_if_it_fails():
    step, quiet = ROOT / ".ci" / "step", {"QUIET": "1", "PATH": "/usr/bin:/bin"}
    for code, shown in ((0, False), (3, True)):
        command = [step, "A thing", "sh", "-c", f"echo secret; exit {code}"]
        done = subprocess.run(command, env=quiet, capture_output=True, text=True, check=False)
        assert done.returncode == code
        assert ("secret" in done.stdout + done.stderr) == shown


def test_every_slow_line_of_the_makefile_is_a_step():
    lines = [line for line in text_of("Makefile").splitlines() if line.startswith("\t")]
    slow = re.compile(r"\$\(PIP\) install|/pytest|/pyright|-m venv|-m build|try-wheel")
    unsaid = [
        line for line in lines if slow.search(line) and not re.match(r"\t(\$\(STEP\)|@QUIET)", line)
    ]
    assert unsaid == []
