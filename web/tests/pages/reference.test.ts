import { expect, test } from 'vitest';
import { resolved } from '../../reference/src/resolve.ts';

const DOCUMENT = {
  paths: {
    '/a/{b}': {
      get: { answers: [{ schema: { $ref: '#/components/schemas/Payment' } }], $ref: '#/nowhere' },
    },
  },
  components: {
    schemas: {
      Payment: {
        properties: { money: { $ref: '#/components/schemas/of~1money', description: 'what is due' } },
      },
      'of/money': { type: 'integer', description: 'money' },
      Tree: { items: { $ref: '#/components/schemas/Tree' } },
    },
  },
};

test('references are followed to the end, and what stands beside one is kept', () => {
  expect(resolved(DOCUMENT, ['paths', '/a/{b}', 'get'])).toEqual({
    answers: [{ schema: { properties: { money: { type: 'integer', description: 'what is due' } } } }],
    $ref: '#/nowhere',
  });
});

test('a reference to what it stands in ends there, and a path that names nothing gives nothing', () => {
  const tree = { $ref: '#/components/schemas/Tree' };
  expect(resolved({ ...DOCUMENT, tree }, ['tree'])).toEqual({ items: tree });
  expect(resolved(DOCUMENT, ['paths', '/none', 'get'])).toBeUndefined();
});
