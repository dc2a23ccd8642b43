//! One message of each kind, for previews and for the tests of every channel.
