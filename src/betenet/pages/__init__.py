"""Web pages in one file each: one kit of sections, tables and pictures for all of them."""
