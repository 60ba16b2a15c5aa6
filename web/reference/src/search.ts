import type { ImmutableMap, Tags } from 'swagger-ui-dist/swagger-ui-es-bundle.js';

/** The tags and operations that a reader searches for: every word stands in the method, path, tag or prose. */
export function matching(tags: Tags, phrase: string): Tags {
  const words = phrase.toLowerCase().split(/\s+/).filter(Boolean);
  const wanted = (operation: ImmutableMap): boolean => {
    const text = textOf(operation);
    return words.every((word) => text.includes(word));
  };
  return tags
    .map((tag) => tag.update('operations', (operations) => operations.filter(wanted)))
    .filter((tag) => (tag.get('operations') as { size: number }).size > 0);
}

function textOf(operation: ImmutableMap): string {
  const inside = (name: string): unknown => operation.getIn(['operation', name]);
  const parts = [
    operation.get('method'),
    operation.get('path'),
    inside('tags'),
    inside('summary'),
    inside('description'),
    inside('parameters'),
  ];
  return parts.join(' ').toLowerCase();
}
