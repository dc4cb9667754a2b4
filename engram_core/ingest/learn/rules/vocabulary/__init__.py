"""The words that the rules know: closed lists of our own, and the shapes of names and dates."""
