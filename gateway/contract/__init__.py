"""All that an adapter author imports: interaction models, messages, agreements."""
