/** The one way in which a model is asked in a batch. */
export const MESSAGES = "/v1/messages";
