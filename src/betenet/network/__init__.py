"""The E(3)-equivariant network: geometry and elements in, α²F of each site out.

Read bottom up: `angular` and `radial` (functions of one edge), `geometry` (a batch of crystals as
constant tensors), `layout` (which representations exist), `layers`, `readout`, `model`.
"""
