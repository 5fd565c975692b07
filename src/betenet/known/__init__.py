"""Knowledge of a crystal before anything is computed.

Facts of the elements; metal or insulator; magnetism; families of unconventional superconductors;
vacuum. `judge.judge` says all of it, each as a `findings.Finding`. No torch.
"""
