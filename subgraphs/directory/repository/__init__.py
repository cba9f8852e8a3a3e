"""The directory's SQL, all of it. Functions take the operation's session; the tenant comes with it."""
