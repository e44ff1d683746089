"""The matrix of mistakes that a user can make: ``cases.py`` is the table, ``test_matrix.py`` checks it.

``python -m tests.cli.bad_inputs`` prints every case with its command and the line that it gets.
"""
