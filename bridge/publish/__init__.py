"""Publication of feeds: plan, view of each event, VEVENT bytes, documents."""
