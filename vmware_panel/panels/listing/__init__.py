"""What every list of the project shares: columns, filters, order, pages and exports, on the server.

A list is declared in two classes. A `ListingTable` has a column for every value and says whose
book each is; the page and both exports are made of it. A `FilterForm` has a field for everything
that rows can be filtered by. A `Listing` applies both to rows and a query string; `ListingView`
and `ExportView` answer requests with it.

A row is any object with an attribute for each column. Its values are text, numbers or tuples of
text, and three things are told apart: a value, nothing (`""` or `()`) and unknown (`None`).
"""
