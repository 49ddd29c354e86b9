// jsforce, unmodified: does what the lines on standard input ask for and says what came of it, a line each.
// A line is {"on": [what to go through, by name or by [name, argument]], "call": method, "with": [arguments]}; with
// "records" the result is a stream, and what is said is everything that comes out of it.
const { Connection } = require('jsforce');
const readline = require('node:readline');

const connection = new Connection({
  instanceUrl: process.env.SERVER_URL,
  accessToken: process.env.API_KEY,
  version: '59.0',
});
connection.bulk.pollInterval = 10;
connection.bulk2.pollInterval = 10;

async function one(line) {
  const start = (line.on ?? []).reduce(
    (found, step) => (Array.isArray(step) ? found[step[0]](...step.slice(1)) : found[step]),
    connection,
  );
  const result = await start[line.call](...line.with);
  if (!line.records) return result;
  const records = [];
  for await (const record of result) records.push(record);
  return records;
}

async function main() {
  for await (const text of readline.createInterface({ input: process.stdin })) {
    try {
      console.log(JSON.stringify({ result: (await one(JSON.parse(text))) ?? null }));
    } catch (error) {
      console.log(JSON.stringify({ error: error.message, code: error.errorCode ?? error.name ?? '' }));
    }
  }
}

main();
