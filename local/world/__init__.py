"""A shop platform with real orders: application database, payments service and product analytics that agree.

It stands in for the three systems a shop platform would let Airbyte read. Everything it shows is a pure function of
the package's data, a seed, a time offset and the present moment; see README.md.
"""
