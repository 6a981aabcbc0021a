"""How a source's deliveries and answers come here: file drop, SFTP, pages over REST, look-ups."""
