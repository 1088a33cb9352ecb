"""Evidence bundles: what one exchange or one case leaves behind, in one signed file (Pasal 22(4)); decision 0100.

container     the file: an ASiC-E container, which is a ZIP, signed by the hub over a manifest of all that is in it
subject       what is gathered: exchanges, and a case with its facts and documents
holding       the one place where stored bytes are read
views         what is shown of a message with personal data masked
papers        agreements, schemas and certificates that were in force
bundle        puts all of it into the file
page          the one page that people read, in Indonesian
reads         who looked at unmasked data, and why (Pasal 10); a leaf each
"""
