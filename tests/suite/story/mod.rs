//! Stories: people come and go, things break, and each channel hears what it should, once.

mod threshold;
