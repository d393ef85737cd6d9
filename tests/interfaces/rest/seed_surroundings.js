// What the seed's JavaScript client requires, on what Node has by itself: the parts of axios and
// form-data that it uses.
const Module = require('module');
const fs = require('fs');
const path = require('path');

const load = Module._load;

class Form {
    constructor() {
        this.parts = [];
    }

    append(name, value) {
        this.parts.push([name, value]);
    }

    getHeaders() {
        return {};
    }

    whole() {
        const form = new FormData();
        for (const [name, value] of this.parts) {
            if (value instanceof fs.ReadStream) {
                const type = { type: 'application/pdf' };
                const content = new Blob([fs.readFileSync(value.path)], type);
                form.append(name, content, path.basename(value.path));
            } else {
                form.append(name, value);
            }
        }
        return form;
    }
}

function create({ baseURL }) {
    const defaults = { headers: { common: {} } };
    const send = async (method, address, body, headers = {}) => {
        const isForm = body instanceof Form;
        const response = await fetch(baseURL + address, {
            method,
            headers: {
                ...(body && !isForm ? { 'Content-Type': 'application/json' } : {}),
                ...defaults.headers.common,
                ...headers,
            },
            body: isForm ? body.whole() : body && JSON.stringify(body),
        });
        const data = await response.json();
        if (!response.ok) {
            throw Object.assign(new Error(`status ${response.status}`), { response: { data } });
        }
        return { data };
    };
    return {
        defaults,
        get: (address) => send('GET', address),
        post: (address, body, config = {}) => send('POST', address, body, config.headers),
    };
}

Module._load = (name, ...rest) => {
    if (name === 'axios') return { create };
    if (name === 'form-data') return Form;
    return load(name, ...rest);
};
