"""The BETE-NET paper's table and figures, from a folder in the published layout.

:func:`betenet.paper.report.paper_report` makes them all. A module makes one
:class:`Part <betenet.paper.report_part.Part>`: figures, the numbers in them, and what was left out
for want of data.
"""
