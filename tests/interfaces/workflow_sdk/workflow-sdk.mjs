// The JavaScript client that the seed's example imports, as small as that needs it.

export class WorkflowClient {
  constructor({ baseURL, token }) {
    const send = async (method, path, query, body) => {
      const response = await fetch(`${baseURL}${path}?${new URLSearchParams(query)}`, {
        method,
        headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' },
        body: JSON.stringify(body),
      });
      const answer = await response.json();
      if (!response.ok) throw new Error(answer.error);
      return answer;
    };
    this.templates = {
      list: ({ categories = [] } = {}) =>
        send('GET', '/workflows/templates', categories.map((name) => ['categories', name])),
      apply: (templateId, { contentUid, roleAssignments }) =>
        send('POST', `/workflows/apply/${templateId}`, [['content_uid', contentUid]], {
          role_assignments: roleAssignments,
        }),
    };
    this.transitions = {
      execute: ({ contentUid, transitionId, comments }) =>
        send('POST', '/workflows/transition', [], {
          content_uid: contentUid,
          transition_id: transitionId,
          comments,
        }),
    };
  }
}
