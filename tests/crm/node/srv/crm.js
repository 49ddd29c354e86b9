// What Dataverse's audit forgets of a record: the rest of the service is what the model says.
module.exports = (service) => {
  const { audits } = service.entities;
  service.on('DeleteRecordChangeHistory', ({ data: { Target } }) => {
    const [key] = Object.values(Target).filter((each) => each);
    return DELETE.from(audits).where({ _objectid_value: key });
  });
};
