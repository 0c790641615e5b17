//! Text arithmetic without opinions: lines and columns, entropy, words.
