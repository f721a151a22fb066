//! Reads a cell's text: its items, its statements and its trailing expression, and what it defines and uses.
