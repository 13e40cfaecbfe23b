//! Home again: what `mendkit collect` makes of reports, true and false ones.
//!
//! - `authentic`: forged, edited, missing, doubled and foreign reports are named and kept apart
//! - `sources`: folders, zips and raw sticks say the same
//! - `hostile`: reports and archives that are made to break something
//! - `judged`: SciPy judges the statistics, DuckDB reads the tables and runs the documented queries
//! - `page`: the page in a browser: filter, sort, print, 10,000 machines, four languages
//! - `left`: what is left to do, and what visits cost
//! - `command`: what is printed

mod authentic;
mod bench;
mod command;
mod hostile;
mod judged;
mod left;
mod page;
mod sources;
