//! What is shipped beside the binary.
