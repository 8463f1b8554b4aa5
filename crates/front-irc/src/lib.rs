//! The IRC door: TCP, TLS and WebSocket.
