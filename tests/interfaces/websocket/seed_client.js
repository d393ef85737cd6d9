const ws = new WebSocket('ws://localhost:8000/ws');

ws.onopen = function(event) {
    console.log('WebSocket connected');
    ws.send('Hello Server!');
};

ws.onmessage = function(event) {
    const message = JSON.parse(event.data);
    console.log('Received:', message);
    
    switch(message.type) {
        case 'processing_progress':
            updateProgressBar(message.data.progress);
            break;
        case 'processing_completed':
            showNotification('Processing completed!');
            break;
        case 'system_error':
            showError(message.data.error);
            break;
    }
};

ws.onclose = function(event) {
    console.log('WebSocket disconnected');
};
