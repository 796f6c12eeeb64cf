"""`mm doctor`: is this account, this key and this venue fit for making a market? It reads only; it never signs.

`facts` is what was read, as it was read; `checks` makes findings of it and is a function of it alone; `gather` and
`feed` do the reading; `screen` puts the findings into words and JSON; `command` is the shell.
"""
