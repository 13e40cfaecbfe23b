//! The program `mendkit`.

fn main() {}
