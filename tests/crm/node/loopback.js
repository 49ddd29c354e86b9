// Loaded before the server: it listens on 127.0.0.1 only, and says on which port.
const { Server } = require('node:net');

const listen = Server.prototype.listen;
Server.prototype.listen = function (_port, ...rest) {
  const done = rest.filter((each) => typeof each === 'function');
  return listen.call(this, { port: 0, host: '127.0.0.1' }, () => {
    console.log(`port ${this.address().port}`);
    done.forEach((each) => each());
  });
};
