//! The binary, by its documented words.
