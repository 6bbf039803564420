// @tus/server with @tus/file-store as its documentation starts it: node tus_node.mjs SOCKET FOLDER
import http from 'node:http'
import {FileStore} from '@tus/file-store'
import {Server} from '@tus/server'

const [socket, directory] = process.argv.slice(2)
const tus = new Server({path: '/files', datastore: new FileStore({directory}), relativeLocation: true})
const server = http.createServer((request, response) => tus.handle(request, response))
// As long as every other server here waits for the next request of a connection.
server.keepAliveTimeout = 75_000
server.requestTimeout = 0
server.listen({path: socket, backlog: 4096})
