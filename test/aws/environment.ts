/** All that a deployed function must find in its environment. */
export const whole = {
  REDEYE_STAGE: 'dev',
  REDEYE_TABLE: 'redeye-dev',
  REDEYE_BUS: 'redeye-dev',
  REDEYE_BUCKET: 'redeye-dev-lake',
  REDEYE_DEAD_LETTERS: 'https://sqs.eu-west-1.amazonaws.com/123456789012/redeye-dev-dead-letters',
  REDEYE_TOPIC: 'arn:aws:sns:eu-west-1:123456789012:redeye-dev',
  REDEYE_SCHEDULE_GROUP: 'redeye-dev',
  REDEYE_SCHEDULE_ROLE: 'arn:aws:iam::123456789012:role/redeye-dev-schedules',
  REDEYE_ZONE: 'Europe/Madrid',
}
