"""What each feed shows: view of an event, its VEVENT bytes, the documents."""
