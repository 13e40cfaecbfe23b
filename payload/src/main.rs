//! The program `mend`.

fn main() {}
