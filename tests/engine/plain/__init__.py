"""A second, slow valuation of whole books, written from the contracts' sentences alone.

Plain Python: tables in, tables out. It shares no code with the engine; only the dataclasses of an assumption set and
the scenario's name and shift sizes are read. `dates` counts days, `market` reads curves, `behaviour` looks up and moves
rates, `walk` follows one row along one scenario, `renewals` keeps a balance sheet constant, `tables` adds up.
"""
