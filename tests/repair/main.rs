//! Repairs of simulated PCs, and the formats that they read, judged by someone else's tools.

mod containers;
