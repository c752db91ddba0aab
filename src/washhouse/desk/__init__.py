"""What people do: users, teams, reviews, audit."""
