"""What each sender hands in: files in the senders' own names, codes and mess."""
