// What the official JavaScript client is told, as one JSON document.
// node qdrant.mjs PACKAGES URL
import { createRequire } from 'node:module';

const [packages, url] = process.argv.slice(2);
const { QdrantClient } = createRequire(`${packages}/`)('@qdrant/js-client-rest');
const client = new QdrantClient({ url });

const warned = [];
console.warn = (...words) => warned.push(words.join(' '));

const text = [0.1, -0.2, 0.9, 0.3];
const id = (number) => `00000000-0000-0000-0000-${number.toString(16).padStart(12, '0')}`;
const found = {
  collections: (await client.getCollections()).collections,
  exists: await client.collectionExists('medley'),
  vectors: (await client.getCollection('medley')).config.params.vectors,
  count: (await client.count('medley', { filter: { must: [{ key: 'modality', match: { value: 'image' } }] } })).count,
  nearest: (await client.query('medley', { query: text, using: 'text', limit: 3, with_payload: ['size'] })).points,
  fused: (
    await client.query('medley', {
      prefetch: [
        { query: text, using: 'text', limit: 20 },
        { query: { indices: [1, 3], values: [1, 0.7] }, using: 'words', limit: 20 },
      ],
      query: { rrf: { k: 3, weights: [1, 0.83] } },
      limit: 5,
    })
  ).points,
  batch: await client.queryBatch('medley', { searches: [{ query: text, using: 'text', limit: 1 }, { query: id(3), using: 'text', limit: 2 }] }),
  groups: (await client.queryGroups('medley', { query: text, using: 'text', group_by: 'modality', limit: 2, group_size: 1 })).groups,
  page: await client.scroll('medley', { limit: 2, with_payload: false }),
  last: await client.scroll('medley', { limit: 2, offset: id(60), with_payload: false }),
  retrieved: await client.retrieve('medley', { ids: [id(2)], with_vector: ['image'] }),
  facet: (await client.facet('medley', { key: 'modality' })).hits,
};
try {
  await client.upsert('medley', { points: [{ id: 1, vector: { text } }] });
} catch (error) {
  found.refused = { status: error.status, error: error.data?.status?.error };
}
found.warned = warned;
console.log(JSON.stringify(found));
