"""The E(3)-equivariant network: geometry and elements in, α²F of each site out.

Read bottom up: `angular` and `radial` (functions of one edge), `layout` (which representations
exist), `symmetry` (what a site's surroundings leave of them), `entries` and `geometry` (the
messages of one crystal), `sparse`, `rows` and `batch` (a batch of crystals as constant tensors),
`layers`, `readout`, `model`.
"""
