// dynamics-web-api, unmodified: does what the lines on standard input ask for and says what came of it, a line each.
// A line is {"call": name of a method, "with": its argument}, or {"batch": [such lines]}.
const { DynamicsWebApi } = require('dynamics-web-api');
const readline = require('node:readline');

const api = new DynamicsWebApi({
  serverUrl: process.env.SERVER_URL,
  dataApi: { version: '9.2' },
  onTokenRefresh: async () => process.env.API_KEY,
});

async function one(line) {
  if (!line.batch) return api[line.call](line.with);
  api.startBatch();
  line.batch.forEach((each) => api[each.call](each.with));
  return api.executeBatch();
}

async function main() {
  for await (const text of readline.createInterface({ input: process.stdin })) {
    try {
      console.log(JSON.stringify({ result: (await one(JSON.parse(text))) ?? null }));
    } catch (error) {
      const told = Array.isArray(error) ? error[0] : error;
      console.log(JSON.stringify({ error: told.message, status: told.status ?? 0, code: told.code ?? '' }));
    }
  }
}

main();
