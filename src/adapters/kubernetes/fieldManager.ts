/** What managedFields call our writes, and Events their source. API: the owner of a field is recognised by it. */
export const fieldManager = 'mirror-experiment';
