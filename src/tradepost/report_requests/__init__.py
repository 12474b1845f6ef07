"""Reports that sellers' software asks for: once, or again and again; and the making of them."""
