// What the seed's client finds around it: the page's functions, and the server where the test has it.

const { createInterface } = require("node:readline");

function tell(...what) {
  process.stdout.write(JSON.stringify(what) + "\n");
}

console.log = tell;
globalThis.updateProgressBar = (progress) => tell("updateProgressBar", progress);
globalThis.showNotification = (text) => tell("showNotification", text);
globalThis.showError = (text) => tell("showError", text);

const Socket = globalThis.WebSocket;
globalThis.WebSocket = class extends Socket {
  constructor(url) {
    super(url.replace("ws://localhost:8000/ws", process.env.ANNALS_WS));
    createInterface({ input: process.stdin }).on("close", () => this.close());
  }
};
