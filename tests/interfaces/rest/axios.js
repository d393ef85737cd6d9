// What the seed's JavaScript client finds in place of axios, with the server where the test has it.

const Module = require("node:module");

const load = Module._load;
Module._load = (name, ...rest) => (name === "axios" ? axios : load(name, ...rest));

const axios = {
  get: (url, options) => send("GET", url, undefined, options),
  post: (url, body, options) => send("POST", url, JSON.stringify(body), options),
};

async function send(method, url, body, { headers }) {
  const response = await fetch(url.replace("https://api.example.com", process.env.ANNALS_URL), {
    method,
    body,
    headers: { ...headers, Authorization: `Bearer ${process.env.ANNALS_KEY}` },
  });
  const data = await response.json();
  if (!response.ok) {
    throw Object.assign(new Error(`status ${response.status}`), { response: { data } });
  }
  return { data };
}
