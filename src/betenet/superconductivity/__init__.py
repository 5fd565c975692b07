"""From α²F(ω) to its moments (``moments``) and to Tc (``critical_temperature``).

Import the functions from those two modules. Nothing here needs more than numpy and scipy.
"""
