"""Values into documents."""
