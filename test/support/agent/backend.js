// A replica of a service: shows its identity, and on request is slow, fails, shows the cookies it got, sets some,
// counts the bytes it received, and echoes on an upgraded connection.
import { createServer } from "node:http";

const { NAME, RELEASE } = process.env;
const server = createServer((request, response) => {
  const url = new URL(request.url, "http://replica");
  let received = 0;
  request.on("data", (chunk) => {
    received += chunk.length;
  });
  request.on("end", () => {
    const status = Number(url.searchParams.get("status") ?? 200);
    const wait = Number(url.searchParams.get("wait") ?? 0);
    const parts = Number(url.searchParams.get("parts") ?? 1);
    setTimeout(() => {
      const cookies = request.rawHeaders.filter((_, i, all) => i % 2 === 1 && all[i - 1].toLowerCase() === "cookie");
      response.writeHead(status, {
        "x-turnout-service": NAME,
        "x-turnout-release": RELEASE,
        "x-cookies": JSON.stringify(cookies),
        "x-received": received,
        ...(url.searchParams.has("set") ? { "set-cookie": url.searchParams.getAll("set") } : {}),
      });
      let left = parts;
      const next = () => {
        left -= 1;
        if (left <= 0) return response.end(NAME);
        response.write("part ");
        setTimeout(next, 100);
      };
      next();
    }, wait);
  });
});
server.on("upgrade", (_, socket) => {
  socket.write(`HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: echo\r\n\r\n${NAME}\n`);
  socket.on("error", () => socket.destroy());
  socket.pipe(socket);
});
server.listen(8000);
