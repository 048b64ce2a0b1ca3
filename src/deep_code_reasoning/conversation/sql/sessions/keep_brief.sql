UPDATE conversations SET brief = :brief, manifest = :manifest, shown = :shown WHERE conversation_id = :conversation_id
