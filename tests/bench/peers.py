"""Peers of another make, to be measured in the same run as we are: nginx with Lua, and Envoy.

`nginx_lua` redacts as `bare_master.py --redact` does (drop three fields, mask two), with lua-cjson in nginx's
own process: what an operator would write who knows nginx. `envoy` passes everything through: the least that a
hop can cost. Neither decides, records or checks anything.

Both run with one worker, as one process whose CPU time is all there is to them.
"""

import json
from pathlib import Path
from string import Template

NGINX = "/usr/sbin/nginx"
ENVOY = Path(__file__).resolve().parents[2] / ".venv-envoy/bin/envoy"

_NGINX = Template("""\
load_module /usr/lib/nginx/modules/ndk_http_module.so;
load_module /usr/lib/nginx/modules/ngx_http_lua_module.so;
daemon off;
master_process off;
user root;
pid $folder/nginx.pid;
error_log $folder/nginx.log error;
events { worker_connections 1024; }
http {
    access_log off;
    client_body_temp_path $folder/client;
    proxy_temp_path $folder/proxy;
    fastcgi_temp_path $folder/fastcgi;
    uwsgi_temp_path $folder/uwsgi;
    scgi_temp_path $folder/scgi;
    keepalive_requests 1000000;
    init_by_lua_block { cjson = require "cjson" }
    upstream crm { server 127.0.0.1:$upstream; keepalive 64; }
    server {
        listen 127.0.0.1:$listen;
        location / {
            proxy_pass http://crm;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
            proxy_buffers 64 64k;
            header_filter_by_lua_block { ngx.header.content_length = nil }
            body_filter_by_lua_block {
                local parts = ngx.ctx.parts or {}
                ngx.ctx.parts = parts
                parts[#parts + 1] = ngx.arg[1]
                ngx.arg[1] = nil
                if ngx.arg[2] then
                    local tree = cjson.decode(table.concat(parts))
                    for _, record in ipairs(tree.records or { tree }) do
                        record.SSN__c, record.Iban__c, record.MailingStreet = nil, nil, nil
                        local phone, born = record.Phone, record.Birthdate
                        if phone and phone ~= cjson.null then record.Phone = "*** *** " .. phone:sub(-2) end
                        if born and born ~= cjson.null then record.Birthdate = born:sub(1, 4) end
                    end
                    ngx.arg[1] = cjson.encode(tree)
                end
            }
        }
    }
}
""")


def nginx_lua(folder: Path, listen: int, upstream: int) -> list[str]:
    """Return the command that runs nginx with the redaction, from a folder of its own."""
    folder.mkdir()
    configuration = folder / "nginx.conf"
    configuration.write_text(_NGINX.substitute(folder=folder, listen=listen, upstream=upstream))
    return [NGINX, "-p", str(folder), "-c", str(configuration)]


def envoy(folder: Path, listen: int, upstream: int) -> list[str]:
    """Return the command that runs Envoy as a bare hop, from a folder of its own."""
    folder.mkdir()
    configuration = folder / "envoy.json"
    configuration.write_text(json.dumps(_envoy(listen, upstream)))
    return [str(ENVOY), "-c", str(configuration), "--concurrency", "1", "--disable-hot-restart", "-l", "error"]


def _envoy(listen: int, upstream: int) -> dict[str, object]:
    manager = {
        "@type": "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3"
        ".HttpConnectionManager",
        "stat_prefix": "hop",
        "http_filters": [
            {
                "name": "envoy.filters.http.router",
                "typed_config": {"@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router"},
            }
        ],
        "route_config": {
            "virtual_hosts": [
                {
                    "name": "all",
                    "domains": ["*"],
                    "routes": [{"match": {"prefix": "/"}, "route": {"cluster": "crm"}}],
                }
            ]
        },
    }
    return {
        "static_resources": {
            "listeners": [
                {
                    "name": "hop",
                    "address": _address(listen),
                    "filter_chains": [
                        {
                            "filters": [
                                {
                                    "name": "envoy.filters.network.http_connection_manager",
                                    "typed_config": manager,
                                }
                            ]
                        }
                    ],
                }
            ],
            "clusters": [
                {
                    "name": "crm",
                    "type": "STATIC",
                    "connect_timeout": "5s",
                    "load_assignment": {
                        "cluster_name": "crm",
                        "endpoints": [{"lb_endpoints": [{"endpoint": {"address": _address(upstream)}}]}],
                    },
                }
            ],
        }
    }


def _address(port: int) -> dict[str, object]:
    return {"socket_address": {"address": "127.0.0.1", "port_value": port}}
