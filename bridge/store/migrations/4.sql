-- Version 4: what Zoho states about calendars.

-- Profile of a calendar as JSON: category, privilege, color, hidden. NULL: not read yet.
ALTER TABLE sources ADD COLUMN profile TEXT;
