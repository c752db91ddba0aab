"""What was known about a person strictly before an index time, as numbers?"""
