"""Pages for integration staff: what happens, now. Server-rendered, Indonesian and English, no script from elsewhere."""
