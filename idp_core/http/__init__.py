"""HTTP as values: an `Ask` comes in, an `Answer` goes out; what both must obey stands in `gate`."""
