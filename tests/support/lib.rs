//! Simulated broken PCs, QEMU, and wrappers of the tools that judge our output.
